"""Lambda: one action of the plan, in a function whose role can only mark.

The code is that of ``act_on_plan``; role and ``AUDIT_MODE`` are what this function has of its own.
"""

from thriftline.handlers.act_on_plan import lambda_handler

__all__ = ["lambda_handler"]
