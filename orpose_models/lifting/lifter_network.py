"""The network of Martinez et al., "A simple yet effective baseline for 3d human pose estimation" (ICCV 2017)."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class LiftingConfig:
    """Sizes of a lifting network; the defaults are the paper's: 4,291,632 parameters.

    Attributes:
        inputs: length of the input; in the paper 16 joints x 2.
        outputs: length of the output: 16 joints x 3, all Human3.6M-17 joints but the root.
        hidden: width of the layers.
        blocks: residual blocks of two layers each.
        dropout: share of activations dropped in training, after each ReLU.
    """

    inputs: int = 32
    outputs: int = 48
    hidden: int = 1024
    blocks: int = 2
    dropout: float = 0.5


class LiftingNetwork(nn.Module):
    """Linear layer, residual blocks, linear layer; batch norm, ReLU and dropout after every layer but the last."""

    def __init__(self, config: LiftingConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or LiftingConfig()
        self.input = _layer(config.inputs, config)
        self.blocks = nn.ModuleList(
            nn.Sequential(_layer(config.hidden, config), _layer(config.hidden, config)) for _ in range(config.blocks)
        )
        self.output = nn.Linear(config.hidden, config.outputs)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) to (n, outputs)."""
        x = self.input(x)
        for block in self.blocks:
            x = x + block(x)
        return self.output(x)


def _layer(inputs: int, config: LiftingConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, config.hidden), nn.BatchNorm1d(config.hidden), nn.ReLU(), nn.Dropout(config.dropout)
    )


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
