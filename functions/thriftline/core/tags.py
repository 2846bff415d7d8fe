"""The keys of the tags that Thriftline sets on what it makes.

Runs set them; audits read them to know what is the stack's own. The rules of cost allocation hang
on the keys, so a key never changes.
"""

STACK_TAG = "thriftline:stack"
PROJECT_TAG = "thriftline:project"
RUN_ID_TAG = "thriftline:run-id"
# An instant in ISO form: what is paid by the hour goes then, used or not.
DEADLINE_TAG = "thriftline:delete-after"
