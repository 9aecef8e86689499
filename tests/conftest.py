"""Examples that hypothesis makes up may take as long as they like: a busy machine is no mistake of the program."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
