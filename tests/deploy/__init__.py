"""What containers would run, proved without any: the image's files, docker-compose.yml, and all of it at work as processes."""
