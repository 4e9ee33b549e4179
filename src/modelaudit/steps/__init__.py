"""What joins two or more of crawl, resolve, check, report and store."""
