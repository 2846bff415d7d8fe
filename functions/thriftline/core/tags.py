"""The keys of the tags that Thriftline sets on what it makes.

Runs set them; audits read them to know what is the stack's own. The rules of cost allocation hang
on the keys, so a key never changes.
"""

STACK_TAG = "thriftline:stack"
PROJECT_TAG = "thriftline:project"
RUN_ID_TAG = "thriftline:run-id"
# An instant in ISO form: what is paid by the hour goes then, used or not.
DEADLINE_TAG = "thriftline:delete-after"
# A version's number in the registry, on what serves it.
VERSION_TAG = "thriftline:version"
DEPLOYMENT_TAG = "thriftline:deployment"
EXPERIMENT_TAG = "thriftline:experiment"
# An endpoint with it sleeps and wakes by the clock: the rule of idle endpoints leaves it alone.
SCHEDULE_TAG = "thriftline:schedule"
# When the first life of such an endpoint began; each morning's hands it on.
SERVED_SINCE_TAG = "thriftline:served-since"
