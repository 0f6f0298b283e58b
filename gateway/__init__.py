"""Everything that touches the world: servers, files, the database, people."""
