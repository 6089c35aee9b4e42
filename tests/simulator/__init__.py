"""Tests of the simulator: that it is as strict as WeChat, and no kinder."""
