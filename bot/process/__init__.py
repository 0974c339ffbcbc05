"""What belongs to the running process: time, threads, logs, metrics, kinds of errors."""
