from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import search, storage

inherited = [storage.load_json(path)["hyper_parameters"] for path in snakemake.input.inherited]
for fold, identity in enumerate(snakemake.params.identities):
    candidates = search.propose(
        **snakemake.params.settings,
        inherited=inherited[fold] if inherited else None,
        **identity,
    )
    content = {"candidates": [candidate.as_dict() for candidate in candidates]}
    storage.save_json(snakemake.output.candidates[fold], content)
