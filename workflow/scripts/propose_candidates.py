from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import search, storage

inherited = [storage.load_json(path)["hyper_parameters"] for path in snakemake.input.inherited]
candidates = search.propose(
    **snakemake.params.settings,
    inherited=inherited[0] if inherited else None,
    **snakemake.params.identity,
)
storage.save_json(
    snakemake.output.candidates, {"candidates": [candidate.as_dict() for candidate in candidates]}
)
