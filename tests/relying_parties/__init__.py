"""Programs of others that log people in through us, each as a server of its own."""
