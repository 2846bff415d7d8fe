from local_aws.generative.engines import Engines
from local_aws.generative.stand_in import StandIn


def test_a_model_that_nobody_has_here_is_played_by_the_stand_in() -> None:
    engines = Engines()
    assert engines.engine_for("amazon.nova-micro-v1:0:128k").name == "local.stand-in"
    assert engines.local_models == ()


def test_a_local_model_plays_itself_alone() -> None:
    small = StandIn()
    engines = Engines(local={"local.small": small})
    assert engines.local_models == ("local.small",)
    assert engines.engine_for("local.small") is small
    assert engines.engine_for("amazon.nova-micro-v1:0") is not small
    engines.close()
