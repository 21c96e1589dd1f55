"""How five languages say what a report says."""

import msgspec


class Language(msgspec.Struct, frozen=True):
    """The words of one language."""

    methods: tuple[str, str, str]
    described: tuple[str, str, str]
    probe: tuple[str, ...]
    test: str
    train: str
    heading: str
    before: str
    """One label, then its figure."""
    after: str
    join: str
    last: str
    respectively: str
    noise: tuple[str, ...]
    targets: str
    asides: tuple[str, ...]
    """Texts that may stand in brackets after a label."""
    asked: tuple[str, ...]
    """Expected values, in brackets."""
    comma: bool = False
    end: str = "."


LANGUAGES = {
    "en": Language(
        methods=("Method I", "Method II", "Method III"),
        described=("the pretrained encoder", "the encoder trained from scratch with labels", "the random encoder"),
        probe=("the CLIP probe", "the linear probe on CLIP's image encoder", "CLIP"),
        test="test accuracy",
        train="training accuracy",
        heading="Report",
        before="{0} reached {1}",
        after="{1} with {0}",
        join=", ",
        last=" and ",
        respectively="The {test} of {labels} is {figures}, respectively.",
        noise=(
            "We trained for 100 epochs with a learning rate of 0.001 and a batch size of 128.",
            "Chance would be 10 %.",
            "The autoencoder was trained on 10,000 unlabeled images of 64x64.",
            "CLIP was trained for 3 epochs with temperature 0.07.",
            "As expected, the random encoder is the worst.",
            "80 % of the pairs were used for training.",
            "The difference between the first two is 11.3 percentage points.",
            "Training took 35 minutes on one GPU.",
        ),
        targets="Method I should be at about 30 %, Method II above 40 %, and the probe on CLIP is expected to reach 75 % or more.",
        asides=(
            "(pretrained encoder, frozen)",
            "(encoder trained with the classifier)",
            "(random encoder, frozen)",
            "(linear probe, ResNet-50)",
        ),
        asked=("(expected about 30 %)", "(should be above 40 %)", "(worst of the three)", "(at least 75 % required)"),
    ),
    "de": Language(
        methods=("Methode I", "Methode II", "Methode III"),
        described=(
            "der vortrainierte Encoder",
            "der von Grund auf mit Labels trainierte Encoder",
            "der zufällige Encoder",
        ),
        probe=("CLIP", "der lineare Klassifikator auf CLIP"),
        test="Testgenauigkeit",
        train="Trainingsgenauigkeit",
        heading="Bericht",
        before="{0} erreicht {1}",
        after="{1} mit {0}",
        join=", ",
        last=" und ",
        respectively="Die {test} von {labels} beträgt {figures}.",
        noise=(
            "Wir haben 100 Epochen mit einer Lernrate von 0,001 trainiert.",
            "Wie erwartet ist der zufällige Encoder am schlechtesten.",
            "Der Unterschied beträgt 11,3 Prozentpunkte.",
        ),
        targets="Methode I sollte etwa 30 % erreichen, Methode II über 40 %, CLIP mindestens 75 %.",
        asides=(
            "(vortrainiert, eingefroren)",
            "(mit Klassifikator trainiert)",
            "(zufällig, eingefroren)",
            "(lineare Sonde)",
        ),
        asked=("(erwartet: etwa 30 %)", "(soll über 40 % sein)", "(am schlechtesten)", "(gefordert: mindestens 75 %)"),
        comma=True,
    ),
    "fr": Language(
        methods=("Méthode I", "Méthode II", "Méthode III"),
        described=("l'encodeur préentraîné", "l'encodeur entraîné à partir de zéro", "l'encodeur aléatoire"),
        probe=("CLIP", "le classifieur linéaire sur CLIP"),
        test="précision de test",
        train="précision d'entraînement",
        heading="Résultats",
        before="{0} atteint {1}",
        after="{1} avec {0}",
        join=", ",
        last=" et ",
        respectively="La {test} de {labels} est de {figures}.",
        noise=("Nous avons entraîné pendant 100 époques.", "Comme prévu, l'encodeur aléatoire est le moins bon."),
        targets="La méthode I devrait atteindre environ 30 %, la méthode II plus de 40 %, et CLIP au moins 75 %.",
        asides=("(pré-entraîné, gelé)", "(entraîné de bout en bout)", "(aléatoire, gelé)", "(sonde linéaire)"),
        asked=("(attendu : environ 30 %)", "(devrait dépasser 40 %)", "(le pire)", "(au moins 75 % exigés)"),
        comma=True,
    ),
    "es": Language(
        methods=("Método I", "Método II", "Método III"),
        described=("el codificador preentrenado", "el codificador entrenado desde cero", "el codificador aleatorio"),
        probe=("CLIP", "el clasificador lineal sobre CLIP"),
        test="exactitud en test",
        train="exactitud de entrenamiento",
        heading="Resultados",
        before="{0} alcanza {1}",
        after="{1} con {0}",
        join=", ",
        last=" y ",
        respectively="La {test} de {labels} es de {figures}.",
        noise=("Entrenamos durante 100 épocas.", "Como se esperaba, el codificador aleatorio es el peor."),
        targets="El método I debería alcanzar alrededor de 30 %, el método II más de 40 % y CLIP al menos 75 %.",
        asides=(
            "(preentrenado, congelado)",
            "(entrenado con el clasificador)",
            "(aleatorio, congelado)",
            "(sonda lineal)",
        ),
        asked=("(esperado: alrededor de 30 %)", "(debe superar 40 %)", "(el peor)", "(al menos 75 % requerido)"),
        comma=True,
    ),
    "zh": Language(
        methods=("方法一", "方法二", "方法三"),
        described=("预训练的编码器", "从头训练的编码器", "随机编码器"),
        probe=("CLIP", "CLIP图像编码器"),
        test="测试准确率",
        train="训练准确率",
        heading="报告",
        before="{0}达到{1}",
        after="{0}为{1}",
        join="，",
        last="，",
        respectively="{labels}的{test}分别为{figures}。",
        noise=("我们训练了100轮，学习率为0.001。", "如预期，随机编码器最差。"),
        targets="方法一应该约为30%，方法二高于40%，CLIP要求至少75%。",
        asides=("（预训练，冻结）", "（与分类器一起训练）", "（随机，冻结）", "（线性探测）"),
        asked=("（预期约30%）", "（应高于40%）", "（最差）", "（要求至少75%）"),
        end="。",
    ),
}
