"""MMLU's subjects: how many test questions each has, and how much easier than the mean it is."""

from typing import Literal, NamedTuple

Field = Literal["humanities", "other", "social_sciences", "stem"]


class Subject(NamedTuple):
    """A subject; `ease` in logits over the mean, from the order in which published models find them easy."""

    name: str
    field: Field
    examples: int
    ease: float


_SUBJECTS: dict[Field, str] = {
    "humanities": """
        formal_logic 126 -1.0 | high_school_european_history 165 0.6 | high_school_us_history 204 0.9
        high_school_world_history 237 0.9 | international_law 121 0.7 | jurisprudence 108 0.5
        logical_fallacies 163 0.5 | moral_disputes 346 0.3 | moral_scenarios 895 -1.2 | philosophy 311 0.4
        prehistory 324 0.4 | professional_law 1534 -0.8 | world_religions 171 0.9""",
    "other": """
        business_ethics 100 0.1 | clinical_knowledge 265 0.4 | college_medicine 173 -0.1 | global_facts 100 -1.2
        human_aging 223 0.3 | management 103 0.9 | marketing 234 1.3 | medical_genetics 100 0.6
        miscellaneous 783 1.0 | nutrition 306 0.4 | professional_accounting 282 -0.8
        professional_medicine 272 0.2 | virology 166 -0.6""",
    "social_sciences": """
        econometrics 114 -0.9 | high_school_geography 198 0.8 | high_school_government_and_politics 193 1.4
        high_school_macroeconomics 390 0.1 | high_school_microeconomics 238 0.3 | high_school_psychology 545 1.2
        human_sexuality 131 0.5 | professional_psychology 612 0.1 | public_relations 110 0.2
        security_studies 245 0.4 | sociology 201 1.1 | us_foreign_policy 100 1.2""",
    "stem": """
        abstract_algebra 100 -1.3 | anatomy 135 0.0 | astronomy 152 0.4 | college_biology 144 0.6
        college_chemistry 100 -0.9 | college_computer_science 100 -0.7 | college_mathematics 100 -1.3
        college_physics 102 -0.9 | computer_security 100 0.6 | conceptual_physics 235 -0.3
        electrical_engineering 145 -0.2 | elementary_mathematics 378 -0.9 | high_school_biology 310 0.6
        high_school_chemistry 203 -0.5 | high_school_computer_science 100 0.2 | high_school_mathematics 270 -1.2
        high_school_physics 151 -0.9 | high_school_statistics 216 -0.6 | machine_learning 112 -0.7""",
}


def _subjects() -> tuple[Subject, ...]:
    rows = ((field, row.split()) for field, text in _SUBJECTS.items() for row in text.replace("\n", "|").split("|"))
    return tuple(Subject(row[0], field, int(row[1]), float(row[2])) for field, row in rows if row)


SUBJECTS = _subjects()
