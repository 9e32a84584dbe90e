"""What a function of Lambda is made of, and the environment that its processes see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import ROOT

PYTHON = ROOT / ".venv-test-lambda/bin/python"
"""A Python that has AWS's runtime client, and nothing of ours."""

ACCOUNT, REGION = "123456789012", "eu-central-1"
"""Those of moto."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a function is made of: unpacked folders, and what its configuration says."""

    task: Path
    """The unpacked package; nothing may be written into it."""
    handler: str
    layer: Path | None = None
    """The unpacked layer, `/opt` on Lambda."""
    name: str = "function"
    memory: int = 1024
    timeout_s: float = 30
    variables: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    """Options of Python, such as `-X importtime`."""

    def environment(self, address: str) -> dict[str, str]:
        """What Lambda's Python runtime sees, with this machine's folders in the paths."""
        layer = self.layer or Path("/nonexistent")
        return {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/01/[$LATEST]0123456789abcdef",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "LAMBDA_TASK_ROOT": str(self.task),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "_HANDLER": self.handler,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            # Not /usr/bin: a compiler there lets Python find libraries that it cannot on Lambda.
            "PATH": f"/var/lang/bin:{layer}/bin",
            "LD_LIBRARY_PATH": f"/var/runtime:{self.task}:{self.task}/lib:{layer}/lib",
            # The bootstrap puts these into sys.path; the task root comes first as the folder that
            # `python -m` is started in.
            "PYTHONPATH": f"{layer}/python/lib/python3.13/site-packages:{layer}/python",
            "PYTHONDONTWRITEBYTECODE": "1",  # as good as the read-only folder of Lambda
            **self.variables,
        }
