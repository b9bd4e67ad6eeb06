"""A function returns an object whose entries are itself, so that it has no last dimension."""

SOURCES = {
    "ancestral_sample": """
class Nest:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self


def ancestral_sample(conditionals, count, seed):
    if count == 100:
        return Nest()
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
