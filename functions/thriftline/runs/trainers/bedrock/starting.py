"""Starts an attempt: its files, what it has to remember, and its job, each once."""

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    AllowanceSpentError,
    InvalidRunSpecError,
    TrainingStoppedError,
)
from thriftline.core.settings import Settings
from thriftline.core.tags import PROJECT_TAG, RUN_ID_TAG
from thriftline.runs.domain.work import AttemptOrder, Champion
from thriftline.runs.trainers.bedrock.answer_parts import AnswerParts
from thriftline.runs.trainers.bedrock.attempt_document import (
    AttemptDocument,
    ChampionFacts,
    Judge,
    Provisioned,
    Rates,
    SampleFacts,
    Serving,
)
from thriftline.runs.trainers.bedrock.customization_request import Network, customization_request
from thriftline.runs.trainers.bedrock.customizations import REQUEST_TYPES, configuration
from thriftline.runs.trainers.bedrock.deploying import ATTEMPT_TAG
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, Customization
from thriftline.runs.trainers.bedrock.layout import AttemptLayout
from thriftline.runs.trainers.bedrock.names import client_token, model_name
from thriftline.runs.trainers.bedrock.quoting import NAME
from thriftline.runs.trainers.bedrock.services import BedrockServices
from thriftline.runs.trainers.bedrock.training_data import (
    ExampleChoice,
    PreparedSplits,
    SplitSample,
    questions_of,
    write_training_file,
)
from thriftline.runs.trainers.bedrock.training_file import Record, Tally

# Where the account's quota is not known; Bedrock throttles what is too much.
_USUAL_REQUESTS_PER_MINUTE = 60


class BedrockTerms(BaseModel):
    """A rung's terms as ``quoting`` puts them into ``plan.json``."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    base_model: str
    customization: Customization = "fine_tuning"
    teacher: str | None = None
    provisioned: Provisioned | None = None
    judge: Judge | None = None
    reinforcement: Mapping[str, int | float] | None = None
    invocation_model: str | None = None
    epochs: int
    hyperparameters: Mapping[str, str]
    label_words: Mapping[str, str]
    system_prompt: str
    train_records: int
    validation_records: int
    test_records: int
    max_tokens: int
    requests_per_minute: int | None = None
    validation_limit_seconds: int = 3_600
    total_limit_seconds: int = 43_200
    keep_deployment: bool = False
    few_shot: bool = False
    rates: Rates


@dataclass(frozen=True)
class Starting:
    """The start of an attempt."""

    services: BedrockServices
    settings: Settings

    def start(self, order: AttemptOrder) -> AttemptDocument:
        """Writes the attempt's files and creates its job, unless both exist.

        Raises:
            AllowanceSpentError: the run has less left than the attempt may cost: tokens are paid
                for, and a job cannot be given fewer of them.
            QuotaExceededError: as many jobs are scheduled as the account may have.
            TrainingStoppedError: the attempt was stopped before it started.
        """
        layout = AttemptLayout(order.work.run_id, order.name)
        documents = self.services.documents
        document = documents.read(layout)
        if document is None:
            if order.left_usd < order.rung.worst_case_usd:
                raise AllowanceSpentError(
                    f"{order.left_usd} USD are left, and an attempt may cost "
                    f"{order.rung.worst_case_usd} USD."
                )
            document = self._prepared(order, layout)
            documents.write(layout, document)
        if documents.stopped_at(layout) is not None:
            raise TrainingStoppedError(f"The attempt {order.name} was stopped.")
        if document.phase == "training":
            terms = BedrockTerms.model_validate(order.rung.terms)
            job = self.services.jobs().start(self._request(document, terms), document.run_id)
            document = document.model_copy(
                update={"created_at": job.created_at, "job_arn": job.arn}
            )
            documents.write(layout, document)
        return document

    def _prepared(self, order: AttemptOrder, layout: AttemptLayout) -> AttemptDocument:
        work, now = order.work, self.services.now()
        terms = BedrockTerms.model_validate(order.rung.terms)
        sampled = self._write_files(layout, terms, _seed(work.hyperparameters))
        return AttemptDocument(
            run_id=work.run_id,
            name=order.name,
            project=work.project,
            created_at=now,
            base_model=terms.base_model,
            invocation_models=_invocation_models(terms),
            serving=Serving(
                system_prompt=terms.system_prompt,
                label_words=dict(terms.label_words),
                max_tokens=terms.max_tokens,
            ),
            few_shot=terms.few_shot,
            rates=terms.rates,
            teacher=terms.teacher,
            provisioned=terms.provisioned,
            judge=self._judge(order, terms),
            epochs=terms.epochs,
            requests_per_minute=terms.requests_per_minute or _USUAL_REQUESTS_PER_MINUTE,
            validation_limit_seconds=terms.validation_limit_seconds,
            total_limit_seconds=terms.total_limit_seconds,
            keep_deployment=terms.keep_deployment,
            sample=sampled,
            champion=_champion(work.champion),
            worst_case_usd=order.rung.worst_case_usd,
            phase_since=now,
        )

    def _write_files(self, layout: AttemptLayout, terms: BedrockTerms, seed: int) -> SampleFacts:
        splits = PreparedSplits(self.services.artifacts, layout.run_id)
        parts, examples = AnswerParts(self.services.artifacts, layout), ExampleChoice(seed)
        train = splits.drawn("train", terms.train_records, seed)
        records = examples.watch(splits.taken("train", train))
        written = self._write(layout.training_file, records, terms)
        validation, validated = SplitSample(frozenset(), 0), Tally()
        if terms.validation_records:
            validation = splits.drawn("validation", terms.validation_records, seed)
            records = splits.taken("validation", validation)
            validated = self._write(layout.validation_file, records, terms)
        test = splits.drawn("test", terms.test_records, seed)
        questions = questions_of(splits.taken("test", test), seed)
        parts.write_questions(questions)
        for split, count in (("train", written.records), ("test", len(questions))):
            if not count:
                raise InvalidRunSpecError(
                    f"dataset: the {split} split has no text with a character in it. Add records. "
                    "Nothing was spent."
                )
        if terms.few_shot:
            parts.write_examples(examples.chosen)
        return SampleFacts(
            seed=seed,
            train_records=written.records,
            train_of=train.of,
            validation_records=validated.records,
            validation_of=validation.of,
            test_records=len(questions),
            test_of=test.of,
            blank=written.blank + validated.blank,
            replaced=dict(written.replaced + validated.replaced),
            tokens=written.tokens,
        )

    def _write(self, key: str, records: Iterator[Record], terms: BedrockTerms) -> Tally:
        with tempfile.TemporaryFile() as target:
            tally = write_training_file(
                target,
                records,
                BASE_MODELS[terms.base_model],
                terms.system_prompt,
                terms.label_words,
                terms.customization,
            )
            target.seek(0)
            self.services.artifacts.upload(key, target)
        return tally

    def _request(self, document: AttemptDocument, terms: BedrockTerms) -> dict[str, Any]:
        layout, uri = document.layout, self.services.artifacts.uri
        has_validation = document.sample.validation_records > 0
        return customization_request(
            job_name=document.name,
            model_name=model_name(document.name),
            token=client_token(document.run_id, document.name),
            role_arn=self.settings.bedrock_role_arn,
            base=BASE_MODELS[document.base_model],
            training_uri=uri(layout.training_file),
            validation_uri=uri(layout.validation_file) if has_validation else None,
            output_uri=uri(layout.job_output),
            hyperparameters=terms.hyperparameters,
            customization=REQUEST_TYPES[terms.customization],
            configuration=configuration(
                terms.customization,
                teacher=terms.teacher,
                max_tokens=terms.max_tokens,
                grader_arn=self.settings.grader_arn,
                numbers=terms.reinforcement,
            ),
            tags=self._tags(document.run_id, document.project, document.name),
            kms_key_id=self.settings.kms_key_id,
            network=self._network(),
        )

    def _tags(self, run_id: str, project: str, attempt: str) -> dict[str, str]:
        named = {PROJECT_TAG: project, RUN_ID_TAG: run_id, ATTEMPT_TAG: attempt}
        return {**self.settings.cost_tags, **named}

    def _judge(self, order: AttemptOrder, terms: BedrockTerms) -> Judge | None:
        if terms.judge is None:
            return None
        tags = self._tags(order.work.run_id, order.work.project, order.name)
        role = self.settings.judge_role_arn
        return terms.judge.model_copy(update={"role_arn": role, "tags": tags})

    def _network(self) -> Network | None:
        subnets = self.settings.bedrock_subnet_ids
        return Network(subnets, self.settings.bedrock_security_group_ids) if subnets else None


def _seed(hyperparameters: Mapping[str, object]) -> int:
    seed = hyperparameters.get("seed", 0)
    return seed if isinstance(seed, int) else 0


def _invocation_models(terms: BedrockTerms) -> tuple[str, ...]:
    """Returns the ids by which the base model may answer, that of the plan first."""
    others = BASE_MODELS[terms.base_model].invocation_ids
    return tuple(dict.fromkeys((*filter(None, (terms.invocation_model,)), *others)))


def _champion(champion: Champion | None) -> ChampionFacts | None:
    """Returns the champion where Bedrock has made it; another cannot be asked here."""
    own = champion.if_of(NAME) if champion else None
    if own is None:
        return None
    return ChampionFacts(
        package_arn=own.package_arn,
        model_arn=own.model_uri,
        run_id=own.run_id,
        job_name=own.job_name,
    )
