"""What single pages show."""

from tests.browser import sample_names, sample_runs
from tests.browser.addresses import ADDRESSES
from tests.browser.conftest import Opener, Served
from tests.browser.fake_api import FakeApi
from tests.browser.test_every_page import settled


def test_a_run_shows_its_state_live(api: FakeApi, open_page: Opener) -> None:
    page = open_page(ADDRESSES["run that trains"])
    settled(page)
    assert "now: Poll training" in page.inner_text("main")
    assert "training for 9 min" in page.inner_text("main")
    assert "EMR Serverless" in page.inner_text("main section:has-text('Preparation')")
    assert "$0.0213" in page.inner_text("main section:has-text('Preparation')")
    api.answers[f"/runs/{sample_names.TRAINING}"] = {
        **sample_runs.run_detail(sample_names.RUN),
        "run_id": sample_names.TRAINING,
    }

    page.wait_for_selector("main .badge:has-text('succeeded')")
    assert page.locator("figure.chart svg").count() == 2


def test_a_runs_charts_say_their_figures_in_words(open_page: Opener) -> None:
    page = open_page(ADDRESSES["run"])
    settled(page)

    label = page.locator("figure.chart svg").first.get_attribute("aria-label")
    assert label is not None
    assert label.startswith("Loss. training: from 0.665 to 0.120 over 60 points")


def test_a_document_opens_without_scripts(served: Served, api: FakeApi, open_page: Opener) -> None:
    api.refusals[f"/runs/{sample_names.RUN}/documents/report.html"] = (
        200,
        "<title>report</title><script>document.title = 'ran'</script>",
    )
    page = open_page(ADDRESSES["run"])
    settled(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="report.html").click()
    document = opened.value
    document.wait_for_load_state()

    assert document.title() == "report"
    assert document.url == f"{served.origin}/api/runs/{sample_names.RUN}/documents/report.html"


def test_a_document_elsewhere_is_no_link(api: FakeApi, open_page: Opener) -> None:
    detail = sample_runs.run_detail()
    for one, href in zip(
        detail["documents"], ("javascript:alert(1)", "//evil.example/x"), strict=True
    ):
        one["href"] = href
    api.answers[f"/runs/{sample_names.RUN}"] = detail
    page = open_page(ADDRESSES["run"])
    settled(page)

    assert page.locator(".documents a[href]").count() == 0


def test_versions_are_compared_side_by_side_and_the_choice_is_in_the_address(
    open_page: Opener,
) -> None:
    page = open_page(ADDRESSES["models"])
    settled(page)
    assert page.locator("table.side thead th").all_inner_texts() == ["Version 4", "Version 3"]
    page.get_by_label("version 2").check()
    page.wait_for_url("**versions=4%2C3%2C2")

    assert page.locator("table.side thead th").count() == 3


def test_findings_come_with_what_to_do_and_accepted_ones_say_until_when(
    open_page: Opener,
) -> None:
    page = open_page(ADDRESSES["findings"])
    settled(page)
    page.locator("summary").first.click()

    text = page.inner_text("main")
    assert "aws sagemaker delete-endpoint" in text
    assert "accepted until 2027-01-31: the yearly audit needs it" in text
    assert page.locator("tbody tr").nth(1).inner_text().count("unknown") == 1


def test_a_canary_shows_its_stages(open_page: Opener) -> None:
    page = open_page(ADDRESSES["canary"])
    settled(page)

    assert page.locator(".stages li").all_inner_texts() == [
        "creating",
        "activating traffic",
        "baking",
    ]
    assert page.get_by_role("button", name="Deploy a version").count() == 0


def test_what_waits_for_me_is_in_the_menu(open_page: Opener) -> None:
    page = open_page()
    settled(page)

    assert page.locator("nav.menu a", has_text="Approvals").inner_text().split() == [
        "Approvals",
        "1",
        "waiting",
    ]


def test_a_link_with_a_token_keeps_the_page_that_it_names(
    served: Served, open_page: Opener
) -> None:
    page = open_page()
    page.goto(f"{served.guard.address}#/budget")
    page.get_by_role("heading", name="Budget", exact=True).wait_for()
    assert page.url == f"{served.origin}/#/budget"
