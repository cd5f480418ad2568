"""What plans, training and deployment agree on of pretrained transformers that are deployed.

A leaf: jobs import it that know nothing else of each other.
"""

# Of `model.json`: what has trained them.
BACKEND = "torch"
# Texts that are predicted at a time, by the study and by the deployed model.
PREDICTION_BATCH = 64
# A member's folder in that of the model, as Hugging Face's libraries save a network, and its
# weights there.
MEMBER, WEIGHTS = "member_{member}", "model.safetensors"
# The member whose tokenizer makes ids of texts for all.
FIRST = f"./{MEMBER.format(member=0)}"
# What loads them, and asks them.
LOAD = "self_training.deployment.pretrained_networks:load"
PREDICT = "self_training.deployment.pretrained_networks:predict_members"
