"""What the demo tells of its data is so."""

from collections import Counter

from laptop import demo, sample_data

HELD_OUT = demo.VALIDATION_ROWS + demo.TEST_ROWS


def test_no_train_file_has_a_sentence_that_models_are_tested_on() -> None:
    """`SAME_TEST` says so: the champion never trained on these test records."""
    held_out = {row.text for row in sample_data.held_out_rows(HELD_OUT)}

    for upload in demo.uploads():
        assert held_out.isdisjoint(row.text for row in upload.rows), upload.title
    assert len(held_out) == HELD_OUT
    assert f"the same {demo.TEST_ROWS} sentences" in demo.SAME_TEST


def test_only_the_labels_of_the_wrong_file_are_wrong() -> None:
    _, first, wrong, _ = (upload.rows for upload in demo.uploads())

    assert [row.text for row in wrong] == [row.text for row in first]
    assert Counter(row.label for row in wrong) == Counter(row.label for row in first)
    same = sum(one.label == other.label for one, other in zip(first, wrong, strict=True))
    assert same == len(first) // 2


def test_the_file_with_mistakes_lacks_the_labels_of_three_lines() -> None:
    lines = sample_data.as_csv(demo.uploads()[0].rows).decode().splitlines()

    assert [number for number, line in enumerate(lines, start=1) if line.endswith(",")] == [7, 8, 9]


def test_each_upload_has_a_folder_of_its_own_and_the_last_the_demo_s() -> None:
    folders = [upload.folder for upload in demo.uploads()]

    assert len(set(folders)) == len(folders)
    assert folders[-1] == "."
