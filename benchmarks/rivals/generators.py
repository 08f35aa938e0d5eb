"""A conditional VAE, GAN and diffusion model of MONAI's parts."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from benchmarks.peers import require
from benchmarks.rivals.base import Generator, descend

LATENT = 64
TIMES, DRAWING_STEPS = 1000, 30
"""Noise levels in training, and steps of DDIM when drawing."""


class VAE(Generator):
    """A VAE that sees the label in its encoder and decoder; the noise of pixels is fitted.

    The best noise of each batch is worked out in closed form (Rybkin et al. 2021).
    """

    name = "conditional VAE (MONAI VarAutoEncoder)"

    def _build(self) -> nn.Module:
        nets = require("monai.networks.nets", "rivals")
        network: nn.Module = nets.VarAutoEncoder(
            spatial_dims=2,
            in_shape=(1 + self.classes, self.size, self.size),
            out_channels=1,
            latent_size=LATENT,
            channels=(32, 64, 64, 128, 128, 128),
            strides=(2, 2, 1, 2, 1, 2),
            norm=("group", {"num_groups": 8}),
            use_sigmoid=False,
        )
        inside = cast(nn.Linear, network.decodeL).out_features
        network.decodeL = nn.Linear(LATENT + self.classes, inside)
        return network

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.AdamW(self.network.parameters(), 1e-3, weight_decay=0.01)]

    def advance(self, images: Tensor, labels: Tensor) -> float:
        """Nats per image, up to a constant."""
        network: Any = self.network
        mu, log_var = network.encode_forward(torch.cat([images, self.label_maps(labels)], 1))
        z = network.reparameterize(mu, log_var)
        decoded = network.decode_forward(torch.cat([z, self.one_hot(labels)], 1), False)
        coding = images[0].numel() / 2 * (decoded - images).square().mean().log()
        divergence = 0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(1).mean()
        loss = (coding + divergence) / 100
        descend(self.optimizers[0], loss, self.network)
        return loss.item()

    def sample(self, labels: Tensor) -> Tensor:
        """Means, without the noise of pixels."""
        z = torch.cat([torch.randn(len(labels), LATENT), self.one_hot(labels)], 1)
        decoded: Tensor = cast(Any, self.averaged).decode_forward(z, False)
        return decoded


class GAN(Generator):
    """Hinge losses and a spectrally normalised discriminator (Miyato et al. 2018)."""

    name = "conditional GAN (MONAI Generator, Discriminator)"

    def _build(self) -> nn.Module:
        nets = require("monai.networks.nets", "rivals")
        start = self.size // 8
        generator = nets.Generator(
            latent_shape=(LATENT + self.classes,),
            start_shape=(128, start, start),
            channels=(128, 64, 32, 1),
            strides=(2, 2, 2, 1),
            num_res_units=0,
            norm="BATCH",
        )
        discriminator = nets.Discriminator(
            in_shape=(1 + self.classes, self.size, self.size),
            channels=(32, 64, 128, 128),
            strides=(2, 2, 2, 2),
            num_res_units=0,
            norm=None,
            act=("leakyrelu", {"negative_slope": 0.2}),
            dropout=None,
            last_act=None,
        )
        for part in discriminator.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                spectral_norm(part)
        return nn.ModuleDict({"generator": generator, "discriminator": discriminator})

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        parts = cast(nn.ModuleDict, self.network)
        rates = {"generator": 2e-4, "discriminator": 4e-4}
        return [
            torch.optim.Adam(parts[name].parameters(), lr, betas=(0.0, 0.99))
            for name, lr in rates.items()
        ]

    def advance(self, images: Tensor, labels: Tensor) -> float:
        """The discriminator first, then the generator, whose loss it gives."""
        parts = cast(nn.ModuleDict, self.network)
        maps, discriminator = self.label_maps(labels), parts["discriminator"]
        drawn = self._drawn(parts, labels)
        real = discriminator(torch.cat([images, maps], 1))
        false = discriminator(torch.cat([drawn.detach(), maps], 1))
        descend(
            self.optimizers[1], F.relu(1 - real).mean() + F.relu(1 + false).mean(), discriminator
        )
        loss = -discriminator(torch.cat([drawn, maps], 1)).mean()
        descend(self.optimizers[0], loss, parts["generator"])
        return loss.item()

    def _drawn(self, parts: nn.ModuleDict, labels: Tensor) -> Tensor:
        z = torch.cat([torch.randn(len(labels), LATENT), self.one_hot(labels)], 1)
        return parts["generator"](z).tanh()

    def sample(self, labels: Tensor) -> Tensor:
        """Of the averaged generator."""
        return self._drawn(cast(nn.ModuleDict, self.averaged), labels)

    @property
    def parameters_count(self) -> int:
        """Of the generator; the discriminator isn't needed to draw."""
        generator = cast(nn.ModuleDict, self.network)["generator"]
        return sum(p.numel() for p in generator.parameters())


class Diffusion(Generator):
    """A U-Net on blocks of 2×2 pixels that predicts velocities (Salimans and Ho 2022)."""

    name = "conditional diffusion (MONAI DiffusionModelUNet, DDIM)"
    batch = 16

    def _build(self) -> nn.Module:
        nets = require("monai.networks.nets", "rivals")
        schedulers = require("monai.networks.schedulers", "rivals")
        settings = {"schedule": "cosine", "prediction_type": "v_prediction"}
        self.noising = schedulers.DDPMScheduler(TIMES, **settings)
        self.drawing = schedulers.DDIMScheduler(TIMES, **settings)
        network: nn.Module = nets.DiffusionModelUNet(
            spatial_dims=2,
            in_channels=4,
            out_channels=4,
            num_res_blocks=1,
            channels=(32, 64, 96),
            attention_levels=(False, False, True),
            norm_num_groups=16,
            num_head_channels=32,
            num_class_embeds=self.classes,
        )
        return network

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.AdamW(self.network.parameters(), 5e-4, weight_decay=0.01)]

    def advance(self, images: Tensor, labels: Tensor) -> float:
        """Mean squared error of the velocity."""
        x = F.pixel_unshuffle(images, 2)
        noise = torch.randn_like(x)
        times = torch.randint(TIMES, (len(x),))
        noisy = self.noising.add_noise(x, noise, times)
        wanted = self.noising.get_velocity(x, noise, times)
        loss = F.mse_loss(self.network(noisy, times, class_labels=labels), wanted)
        descend(self.optimizers[0], loss, self.network)
        return loss.item()

    def sample(self, labels: Tensor) -> Tensor:
        """DRAWING_STEPS steps of DDIM."""
        side = self.size // 2
        x = torch.randn(len(labels), 4, side, side)
        self.drawing.set_timesteps(DRAWING_STEPS)
        for time in self.drawing.timesteps:
            found = self.averaged(x, time.expand(len(x)), class_labels=labels)
            x, _ = self.drawing.step(found, int(time), x)
        return F.pixel_shuffle(x, 2)
