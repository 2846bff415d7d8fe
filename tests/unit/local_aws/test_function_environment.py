"""What a function of the embedded AWS finds in its environment."""

from pathlib import Path

from local_aws.functions.environment import FunctionConfig, function_environment


def test_a_file_of_a_layer_is_named_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "preparation").mkdir()
    (tmp_path / "preparation" / "prepare.py").write_text("")
    config = FunctionConfig(
        name="start",
        handler="start.lambda_handler",
        code=tmp_path,
        environment={
            "PROGRAM": "/opt/preparation/prepare.py",
            "ABSENT": "/opt/preparation/other.py",
            "TEXT": "/optional",
        },
        timeout_seconds=3,
        memory_mib=128,
        layers=(tmp_path / "python",),
    )

    found = function_environment(
        config, {}, python=Path("/p/bin/python"), version="3.13", temporary=tmp_path, day="d"
    )

    assert found["PROGRAM"] == str(tmp_path / "preparation" / "prepare.py")
    assert found["ABSENT"] == "/opt/preparation/other.py"
    assert found["TEXT"] == "/optional"
