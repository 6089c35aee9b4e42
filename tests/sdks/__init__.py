"""Other people's SDKs against the simulator, which they take for WeChat."""
