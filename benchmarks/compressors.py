"""General-purpose compressors on tiny Shakespeare: the whole text, and its last tenth given the rest.

    python benchmarks/compressors.py

It downloads the text once (1 MB; see dgmlib.data) and writes benchmarks/compressors.json, which the book quotes.
'Given the rest' is the size of the whole minus the size of the first nine tenths: each coder has seen what precedes.
"""

import json
from pathlib import Path

import torch

from dgmlib import data
from dgmlib.compression import peers


def main() -> None:
    loaded = data.load("tiny_shakespeare")
    rest, last = (loaded.alphabet.decode(x) for x in (torch.cat([loaded.train, loaded.valid]), loaded.test))
    whole, before = peers((rest + last).encode()), peers(rest.encode())
    result = {
        "command": "python benchmarks/compressors.py",
        "data": f"tiny Shakespeare, {len(rest + last)} characters, the last {len(last)} held out",
        "bits_per_character": {
            name: {
                "whole": round(8 * whole[name] / len(rest + last), 4),
                "last_tenth_given_the_rest": round(8 * (whole[name] - before[name]) / len(last), 4),
            }
            for name in whole
        },
    }
    text = json.dumps(result, indent=2) + "\n"
    Path(__file__).with_suffix(".json").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
