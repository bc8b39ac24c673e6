"""Fan-out of live sessions, measured against Socket.IO, Django Channels and python-socketio in one run."""
