"""What students are given besides: public banks, readers of reports and of methods, cells, data sets."""
