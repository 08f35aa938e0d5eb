import pytest
import torch

from benchmarks.peers import (
    PEERS,
    FreiaGlow,
    NormflowsGlow,
    Peer,
    ZukoNICE,
    level_shapes,
    peers,
)

LIBRARIES = {NormflowsGlow: "normflows", FreiaGlow: "FrEIA", ZukoNICE: "zuko"}
SIZE, CLASSES = 16, 3


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest) -> Peer:
    pytest.importorskip(LIBRARIES[request.param], reason="needs the extra `bench`")
    torch.manual_seed(0)
    made = request.param(SIZE, CLASSES)
    x, y = draw(8)
    for _ in range(2):
        made.training_step(x, y)
    return made


def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.rand(count, 1, SIZE, SIZE, generator=generator) - 1
    return x, torch.arange(count) % CLASSES


def test_that_every_label_is_scored_as_by_itself(peer: Peer) -> None:
    x, _ = draw(5)
    table = peer.log_prob_all_labels(x)
    assert table.shape == (5, CLASSES)
    assert table.isfinite().all()
    for label in range(CLASSES):
        alone = peer.log_prob(x, torch.full((5,), label)).detach()
        torch.testing.assert_close(table[:, label], alone, rtol=1e-4, atol=1e-2)


def test_that_the_label_matters_after_training(peer: Peer) -> None:
    table = peer.log_prob_all_labels(draw(5)[0])
    assert (table.max(1).values > table.min(1).values).all()


def test_that_samples_are_images_of_finite_likelihood(peer: Peer) -> None:
    samples = peer.sample(4, 1)
    assert samples.shape == (4, 1, SIZE, SIZE)
    assert samples.isfinite().all()
    assert peer.log_prob_all_labels(samples).isfinite().all()


def test_that_training_lowers_the_loss(peer: Peer) -> None:
    x, y = draw(8)
    losses = [peer.training_step(x, y) for _ in range(20)]
    assert losses[-1] < losses[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", PEERS, ids=lambda peer: peer.name)
def test_that_a_peer_has_one_to_three_million_parameters(kind: type[Peer]) -> None:
    pytest.importorskip(LIBRARIES[kind], reason="needs the extra `bench`")
    assert 1e6 <= kind(64, 7).parameters_count <= 3e6


def test_that_the_makers_build_nothing_before_they_are_called() -> None:
    assert len(peers(size=7, classes=2)) == len(PEERS)


@pytest.mark.parametrize("kind", PEERS, ids=lambda peer: peer.name)
def test_that_a_missing_library_is_named_with_its_remedy(
    kind: type[Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(module: str) -> None:
        raise ModuleNotFoundError(name=module.partition(".")[0])

    monkeypatch.setattr("benchmarks.peers.import_module", absent)
    with pytest.raises(ModuleNotFoundError, match=rf"{LIBRARIES[kind]} .*\[bench\]"):
        kind(SIZE, CLASSES)


def test_that_an_odd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="divisible by 8"):
        level_shapes(60)
