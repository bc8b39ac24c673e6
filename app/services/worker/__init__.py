"""The worker: claims jobs and does them."""
