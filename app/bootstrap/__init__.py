"""The one composition root, a file per role: settings in, wired parts out. Nothing else knows ports and adapters."""
