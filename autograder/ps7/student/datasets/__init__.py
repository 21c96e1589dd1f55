"""Images to train and test on, in the partitions and shapes of STL-10 and Flickr8k: one format for all sources."""
