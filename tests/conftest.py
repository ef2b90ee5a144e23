"""How hard Hypothesis tries: HYPOTHESIS_PROFILE is ci, dev (unless set) or soak."""

import os

from hypothesis import HealthCheck, settings

# No deadlines: a slow moment of the machine is no defect of the program.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    # It measures the machine, and with it the same commit would pass or fail by chance.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", deadline=None)
settings.register_profile(
    "soak", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
