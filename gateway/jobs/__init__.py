"""Work that must happen once the data are durable: a lease table and its worker."""
