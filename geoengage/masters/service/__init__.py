"""What happens to master recipes: operators change what stores are to run, the worker sees to it store by store."""
