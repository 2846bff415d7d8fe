from local_aws.accounts.generator import Size, generate_account

SMALL = Size(endpoints=30, training_jobs=50, buckets=4, notebooks=3, log_groups=5)


def test_an_account_is_as_large_as_asked_for() -> None:
    account = generate_account(SMALL)

    assert len(account.endpoints) == 30
    assert {len(each.variants) for each in account.endpoints} == {2}
    assert len(account.training_jobs) == 50
    assert len(account.buckets) == 4
    in_service = [each for each in account.endpoints if each.status == "InService"]
    assert len(account.metrics) == 2 * len(in_service)


def test_the_seed_chooses_the_details() -> None:
    assert generate_account(SMALL, seed=1) == generate_account(SMALL, seed=1)
    assert generate_account(SMALL, seed=1) != generate_account(SMALL, seed=2)


def test_accounts_share_no_bucket() -> None:
    first = generate_account(SMALL, account_id="111111111111")
    second = generate_account(SMALL, account_id="222222222222")

    assert not {each.name for each in first.buckets} & {each.name for each in second.buckets}
