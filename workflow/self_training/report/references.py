"""Whom a study cites, by what it cites them for."""

REFERENCES = {
    "noisy_student": (
        "Xie, Q., Luong, M.-T., Hovy, E., Le, Q. V. (2020). Self-training with Noisy Student "
        "improves ImageNet classification. CVPR."
    ),
    "demsar": (
        "Demsar, J. (2006). Statistical comparisons of classifiers over multiple data sets. JMLR 7."
    ),
    "benavoli": (
        "Benavoli, A., Corani, G., Mangili, F. (2016). Should we really use post-hoc tests based "
        "on mean-ranks? JMLR 17."
    ),
    "bayes": (
        "Benavoli, A., Mangili, F., Corani, G., Zaffalon, M., Ruggeri, F. (2014). A Bayesian "
        "Wilcoxon signed-rank test based on the Dirichlet process. ICML."
    ),
    "nadeau": (
        "Nadeau, C., Bengio, Y. (2003). Inference for the generalization error. Machine Learning "
        "52."
    ),
    "adamw": ("Loshchilov, I., Hutter, F. (2019). Decoupled weight decay regularization. ICLR."),
    "wilcoxon": (
        "Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1."
    ),
    "holm": (
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian "
        "Journal of Statistics 6."
    ),
    "permutation": (
        "Phipson, B., Smyth, G. K. (2010). Permutation P-values should never be zero. Statistical "
        "Applications in Genetics and Molecular Biology 9."
    ),
    "mixed_model": (
        "Laird, N. M., Ware, J. H. (1982). Random-effects models for longitudinal data. Biometrics "
        "38."
    ),
    "adam": "Kingma, D. P., Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.",
    "nesterov": (
        "Nesterov, Y. (1983). A method of solving a convex programming problem with convergence "
        "rate O(1/k^2). Soviet Mathematics Doklady 27."
    ),
    "fixmatch": (
        "Sohn, K., Berthelot, D., Li, C.-L., et al. (2020). FixMatch: simplifying semi-supervised "
        "learning with consistency and confidence. NeurIPS."
    ),
    "uda": (
        "Xie, Q., Dai, Z., Hovy, E., Luong, M.-T., Le, Q. V. (2020b). Unsupervised data "
        "augmentation for consistency training. NeurIPS."
    ),
    "flexmatch": (
        "Zhang, B., Wang, Y., Hou, W., et al. (2021). FlexMatch: boosting semi-supervised learning "
        "with curriculum pseudo labeling. NeurIPS."
    ),
    "freematch": (
        "Wang, Y., Chen, H., Heng, Q., et al. (2023). FreeMatch: self-adaptive thresholding for "
        "semi-supervised learning. ICLR."
    ),
    "softmatch": (
        "Chen, H., Tao, R., Fan, Y., et al. (2023). SoftMatch: addressing the quantity-quality "
        "trade-off in semi-supervised learning. ICLR."
    ),
    "mean_teacher": (
        "Tarvainen, A., Valpola, H. (2017). Mean teachers are better role models: weight-averaged "
        "consistency targets improve semi-supervised deep learning results. NeurIPS."
    ),
    "rand_augment": (
        "Cubuk, E. D., Zoph, B., Shlens, J., Le, Q. V. (2020). RandAugment: practical automated "
        "data augmentation with a reduced search space. CVPR Workshops."
    ),
    "curriculum_labeling": (
        "Cascante-Bonilla, P., Tan, F., Qi, Y., Ordonez, V. (2021). Curriculum labeling: "
        "revisiting pseudo-labeling for semi-supervised learning. AAAI."
    ),
    "autogluon": (
        "Erickson, N., Mueller, J., Shirkov, A., Zhang, H., Larroy, P., Li, M., Smola, A. (2020). "
        "AutoGluon-Tabular: robust and accurate AutoML for structured data. arXiv:2003.06505."
    ),
    "ups": (
        "Rizve, M. N., Duarte, K., Rawat, Y. S., Shah, M. (2021). In defense of pseudo-labeling: "
        "an uncertainty-aware pseudo-label selection framework for semi-supervised learning. ICLR."
    ),
    "remixmatch": (
        "Berthelot, D., Carlini, N., Cubuk, E. D., Kurakin, A., Sohn, K., Zhang, H., Raffel, C. "
        "(2020). ReMixMatch: semi-supervised learning with distribution alignment and augmentation "
        "anchoring. ICLR."
    ),
    "logit_adjustment": (
        "Menon, A. K., Jayasumana, S., Rawat, A. S., Jain, H., Veit, A., Kumar, S. (2021). "
        "Long-tail learning via logit adjustment. ICLR."
    ),
    "distillation": (
        "Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network. "
        "NIPS Deep Learning Workshop."
    ),
    "darp": (
        "Kim, J., Hur, Y., Park, S., Yang, E., Hwang, S. J., Shin, J. (2020). Distribution "
        "aligning refinery of pseudo-label for imbalanced semi-supervised learning. NeurIPS."
    ),
    "crest": (
        "Wei, C., Sohn, K., Mellina, C., Yuille, A., Yang, F. (2021). CReST: a class-rebalancing "
        "self-training framework for imbalanced semi-supervised learning. CVPR."
    ),
    "foreign": (
        "Oliver, A., Odena, A., Raffel, C., Cubuk, E. D., Goodfellow, I. J. (2018). Realistic "
        "evaluation of deep semi-supervised learning algorithms. NeurIPS."
    ),
    "stochastic_depth": (
        "Huang, G., Sun, Y., Liu, Z., Sedra, D., Weinberger, K. Q. (2016). Deep networks with "
        "stochastic depth. ECCV."
    ),
    "small_resnet": (
        "He, K., Zhang, X., Ren, S., Sun, J. (2016). Deep residual learning for image recognition. "
        "CVPR."
    ),
    "efficientnet_b0": (
        "Tan, M., Le, Q. V. (2019). EfficientNet: rethinking model scaling for convolutional "
        "neural networks. ICML."
    ),
    "bag_of_ngrams": (
        "Joulin, A., Grave, E., Bojanowski, P., Mikolov, T. (2017). Bag of tricks for efficient "
        "text classification. EACL."
    ),
    "words": (
        "Wei, J., Zou, K. (2019). EDA: easy data augmentation techniques for boosting performance "
        "on text classification tasks. EMNLP-IJCNLP."
    ),
    "sentence": (
        "Reimers, N., Gurevych, I. (2019). Sentence-BERT: sentence embeddings using Siamese "
        "BERT-networks. EMNLP-IJCNLP."
    ),
    "synthetic": (
        "Anaby-Tavor, A., Carmeli, B., Goldbraich, E., et al. (2020). Do not have enough data? "
        "Deep learning to the rescue! AAAI."
    ),
    "top_p": (
        "Holtzman, A., Buys, J., Du, L., Forbes, M., Choi, Y. (2020). The curious case of neural "
        "text degeneration. ICLR."
    ),
    "lora": (
        "Hu, E. J., Shen, Y., Wallis, P., et al. (2022). LoRA: low-rank adaptation of large "
        "language models. ICLR."
    ),
    "bert": (
        "Devlin, J., Chang, M.-W., Lee, K., Toutanova, K. (2019). BERT: pre-training of deep "
        "bidirectional transformers for language understanding. NAACL."
    ),
    "gururangan": (
        "Gururangan, S., Marasovic, A., Swayamdipta, S., et al. (2020). Don't stop pretraining: "
        "adapt language models to domains and tasks. ACL."
    ),
    "breiman": (
        "Breiman, L., Friedman, J., Stone, C. J., Olshen, R. A. (1984). Classification and "
        "regression trees. Wadsworth."
    ),
    "dorfman": (
        "Dorfman, D. D., Berbaum, K. S., Metz, C. E. (1992). Receiver operating characteristic "
        "rating analysis: generalization to the population of readers and patients with the "
        "jackknife method. Investigative Radiology 27."
    ),
    "hillis": (
        "Hillis, S. L. (2007). A comparison of denominator degrees of freedom methods for multiple "
        "observer ROC analysis. Statistics in Medicine 26."
    ),
    "bouthillier": (
        "Bouthillier, X., Delaunay, P., Bronzi, M., et al. (2021). Accounting for variance in "
        "machine learning benchmarks. MLSys."
    ),
    "bouckaert": (
        "Bouckaert, R. R., Frank, E. (2004). Evaluating the replicability of significance tests "
        "for comparing learning algorithms. PAKDD."
    ),
}
