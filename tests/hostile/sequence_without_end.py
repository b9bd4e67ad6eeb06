"""A function returns an object of ten million entries, each of which has to be asked for, where a check reads it."""

SOURCES = {
    "ancestral_sample": """
class Sequence:
    def __len__(self):
        return 10_000_000

    def __getitem__(self, index):
        return 0


def ancestral_sample(conditionals, count, seed):
    if count == 100:
        return Sequence()
    generator = torch.Generator().manual_seed(seed)
    x = torch.empty(count, 0, dtype=torch.long)
    for table in conditionals:
        k = table.dim() - 1
        rows = table[tuple(x[:, x.shape[1] - k :].T)] if k else table.repeat(count, 1)
        x = torch.cat([x, torch.multinomial(rows, 1, generator=generator)], 1)
    return x
""",
}
OUTCOME = "graded"
LOSES = ("ancestral_sample_kept",)
SECONDS = 8
