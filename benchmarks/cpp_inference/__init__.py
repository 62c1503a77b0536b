"""The C++ runtime beside others: time of an event, and what the issue that asked for it set as bars."""
