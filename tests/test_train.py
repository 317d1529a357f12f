"""What the stage says; that it trains well is seen through DVC in test_pipeline.py."""


def test_a_net_that_is_not_in_the_parameters(clone):
    result = clone.run("python src/train.py net9", check=False)
    assert result.returncode == 1
    assert result.stderr == "error: params.yaml has no net net9; it has net1, net2, net3\n"
