"""The product behind the live sessions: who connects, and what their commands do."""
