"""What students also get: public banks, readers of reports and of methods, cells, data sets."""
