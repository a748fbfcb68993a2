"""The code that the services, the jobs and the command line share."""
