"""``page``: the hosted page of a stack that has one, and the people who may sign in to it."""

import argparse

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import leaf, steps

# The identity pool asks the user pool at each renewal, but what it gave holds to its end.
_CREDENTIALS_LAST = (
    "AWS credentials that the person's browser has already go on for an hour at most"
)
COLUMNS = ("address", "may", "has_signed_in", "invited")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    leaf(group, "publish", "put the page's files where CloudFront serves them", acts=True)
    leaf(group, "withdraw", "take the files away, so that HostedPage=off can be set", acts=True)
    one = leaf(group, "invite", "let somebody sign in; AWS mails the first password", acts=True)
    one.add_argument("address", type=_address, metavar="EMAIL", help="of the person")
    one.add_argument(
        "--operate",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="may approve, deploy, roll back and so on, not look alone; --no-operate takes it back",
    )
    gone = leaf(group, "remove", "let somebody sign in no longer", acts=True)
    gone.add_argument("address", type=_address, metavar="EMAIL", help="of the person")
    leaf(group, "people", "list who may sign in, and who may act")


def _address(text: str) -> str:
    from thriftline_cli.page.people import address

    return address(text)


def run(args: argparse.Namespace, context: Context) -> int:
    """Publishes or withdraws the page, or answers who may open it."""
    work = {
        "publish": _publish,
        "withdraw": _withdraw,
        "invite": _invite,
        "remove": _remove,
        "people": _people,
    }
    work[args.verb](args, context)
    return Exit.DONE


def _publish(_: argparse.Namespace, context: Context) -> None:
    from thriftline_cli.page.hosted_files import hosted_files, settings_of
    from thriftline_cli.page.publishing import invalidate, keys_in, outputs_of, remove, upload
    from thriftline_cli.ui.files import Files, PageMissingError, page_folder

    outputs = outputs_of(context)
    bucket, url = outputs["PageBucketName"], outputs["PageUrl"]
    try:
        folder = page_folder()
    except PageMissingError as error:
        raise CommandError(str(error), Exit.NOT_FOUND) from error
    region = context.session.region_name
    files = hosted_files(Files(folder), settings_of(context.stack_name, region, outputs))
    s3 = context.aws("s3")
    surplus = keys_in(bucket, s3) - {one.key for one in files}
    context.confirm(f"{len(files)} files are written for everybody who opens {url}")
    answer = {"url": url, "bucket": bucket, "files": len(files), "removed": len(surplus)}
    if context.dry_run:
        context.out.one({"dry_run": True, **answer, "keys": [one.key for one in files]})
        return
    upload(files, bucket, s3)
    remove(surplus, bucket, s3)
    found = invalidate(outputs["PageDistributionId"], context.token(), context.aws("cloudfront"))
    context.say("who has the page open sees it after a reload; CloudFront takes a few minutes")
    context.out.one({**answer, "invalidation": found})


def _withdraw(_: argparse.Namespace, context: Context) -> None:
    from thriftline_cli.page.publishing import invalidate, keys_in, outputs_of, remove

    outputs = outputs_of(context)
    bucket = outputs["PageBucketName"]
    s3 = context.aws("s3")
    keys = keys_in(bucket, s3)
    context.confirm(f"{len(keys)} files are deleted, and {outputs['PageUrl']} shows nothing")
    answer = {"url": outputs["PageUrl"], "bucket": bucket, "removed": len(keys)}
    if context.dry_run:
        context.out.one({"dry_run": True, **answer})
        return
    remove(keys, bucket, s3)
    found = invalidate(outputs["PageDistributionId"], context.token(), context.aws("cloudfront"))
    context.out.one({**answer, "invalidation": found})


def _invite(args: argparse.Namespace, context: Context) -> None:
    from thriftline_cli.page.people import invite, let_act
    from thriftline_cli.page.publishing import outputs_of

    outputs = outputs_of(context)
    pool, may = outputs["PageUserPoolId"], "look and act" if args.operate else "look"
    context.confirm(f"{args.address} may sign in to {outputs['PageUrl']} and {may}")
    answer = {"address": args.address, "url": outputs["PageUrl"]}
    if context.dry_run:
        context.out.one({"dry_run": True, **answer, "operate": args.operate})
        return
    cognito = context.aws("cognito-idp")
    is_new, is_mailed = invite(args.address, pool, cognito)
    if not is_new:
        mail = "AWS mails a new first password" if is_mailed else "no mail is sent"
        context.say(f"{args.address} was invited before; {mail}")
    if args.operate is not None:
        let_act(args.address, pool, cognito, may_act=args.operate)
    if args.operate:
        context.say("who is signed in now has it at once after signing out and in again")
    elif args.operate is False:
        context.say(f"{args.address} is signed out everywhere; {_CREDENTIALS_LAST}")
    context.out.one({**answer, "is_new": is_new, "is_mailed": is_mailed, "operate": args.operate})


def _remove(args: argparse.Namespace, context: Context) -> None:
    from thriftline_cli.page.people import remove
    from thriftline_cli.page.publishing import outputs_of

    outputs = outputs_of(context)
    context.confirm(f"{args.address} can sign in to {outputs['PageUrl']} no longer")
    answer = {"address": args.address, "url": outputs["PageUrl"]}
    if context.dry_run:
        context.out.one({"dry_run": True, **answer})
        return
    remove(args.address, outputs["PageUserPoolId"], context.aws("cognito-idp"))
    context.say(_CREDENTIALS_LAST)
    context.out.one(answer)


def _people(_: argparse.Namespace, context: Context) -> None:
    from thriftline_cli.page.people import people
    from thriftline_cli.page.publishing import outputs_of

    pool = outputs_of(context)["PageUserPoolId"]
    context.out.rows(people(pool, context.aws("cognito-idp")), COLUMNS)
