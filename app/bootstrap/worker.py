"""The worker role: models and jobs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
import torch

from app.bootstrap.core import Core, Parts
from app.bootstrap.shopify import open_shopify
from app.bootstrap.upkeep import open_reconciling
from app.channels.registry import BY_KIND
from app.db.files import SqlFiles
from app.db.interactions import SqlInteractions
from app.db.merges import SqlMerges
from app.db.model_evaluations import SqlModelEvaluations
from app.db.model_log import SqlModelLog
from app.db.pruning import SqlOldNotifications, SqlPruning
from app.db.reply_context import SqlReplyContexts
from app.db.webhook_log import SqlWebhookLog
from app.domain.channel import Echo, Receipt, Record
from app.domain.job import Lane
from app.domain.model_version import ModelVersion, Task
from app.errors import ConfigurationError
from app.services.answer.knowledge import Knowledge
from app.services.answer.models import BatchedAnalyzer
from app.services.answer.pipeline import Pipeline, Tokenizing
from app.services.answer.shared_work import StoppedError
from app.services.attachments import FETCH_GIVEN_UP_KIND, FETCH_KIND, PRUNE_FILES_KIND, UPLOADS_KEEP_DAYS
from app.services.clock import SystemClock
from app.services.deliver import CHECK_KIND, SWEEP_KIND
from app.services.evaluation_process import evaluate_apart
from app.services.fetched_files import FetchedFiles
from app.services.ids import new_id
from app.services.inbox import PRUNE_WEBHOOKS_KIND, RECEIVE_KIND, WEBHOOKS_KEEP_DAYS
from app.services.ingest import ANALYZE_KIND
from app.services.jobs import Periodic
from app.services.merging import JOIN_KIND, Merging
from app.services.model_desk import EVALUATE_KIND, EvaluateVersions
from app.services.model_health import MEASURE_KIND, MeasureModels
from app.services.model_versions import SHIPPED
from app.services.models_in_use import ModelsInUse, PassedOver, Source
from app.services.notifications import NOTIFICATIONS_KEEP_DAYS, PRUNE_NOTIFICATIONS_KIND
from app.services.notifying import tell_model_unused
from app.services.outbox import DELIVER_KIND
from app.services.receipts import Receipts
from app.services.receiving import Receiving
from app.services.recommending import TRAIN_KIND, ShopRecommenders
from app.services.reconciling import RECONCILE_ALL_KIND, RECONCILE_KIND
from app.services.shopify_backfill import SYNC_DUE_KIND, SYNC_KIND
from app.services.shopify_install import SUBSCRIBE_KIND
from app.services.shopify_sync import ShopifySync
from app.services.signs import READ_KIND, TYPING_KIND
from app.services.suggesting import SUGGEST_KIND
from app.services.transitions import HANDOFF_TIMEOUT_KIND
from app.services.worker.analyzing import AnalyzeMessage
from app.services.worker.answering import AnswerLane
from app.services.worker.delivering import CheckDelivery, DeliverMessages, ShowSign, SweepDeliveries
from app.services.worker.fetching import FetchFile
from app.services.worker.lane import Handler, JobLane
from app.services.worker.pruning import PRUNE_KIND, PruneEvents
from app.services.worker.reply_run import ResponderModel, RunParts
from app.services.worker.suggesting import SuggestAnswer
from app.services.worker.validity import Validity
from app.services.worker.wake import Wake
from app.services.worker.worker import Worker
from app.settings import Settings
from nlp.analyzer import TextAnalyzer
from nlp.encoder import Encoder, ModelFilesError
from nlp.engine.engine import Engine
from nlp.engine.request import ModelLoadError
from nlp.engine.settings import EngineSettings
from nlp.model_info import read_info
from nlp.registry import INTENT, SENTIMENT, STARTER_RESPONDER, Needs
from nlp.sentences import Sentences
from nlp.threads import give_way

log = structlog.get_logger(__name__)

NICENESS = 5  # of threads that compute: whoever waits for an answer of the web goes first
LANE_SLOTS = {
    Lane.ANALYZE: 8,
    Lane.ASSIST: 4,
    Lane.RECEIVE: 4,
    Lane.DELIVER: 16,
    Lane.SYNC: 4,
    Lane.BATCH: 1,
    Lane.TRAIN: 1,
}


@dataclass(frozen=True, slots=True)
class Models:
    """The loaded models of a worker."""

    encoder: Encoder
    analyzer: TextAnalyzer
    responder: ResponderModel
    passed_over: Sequence[PassedOver] = ()  # versions that should have been used


def computing_threads() -> ThreadPoolExecutor:
    """Return threads for what keeps a processor busy, as many as asyncio's own; they give way to the event loop."""
    return ThreadPoolExecutor(thread_name_prefix="compute", initializer=give_way, initargs=(NICENESS,))


def load_models(settings: Settings, versions: Sequence[ModelVersion] = ()) -> Models:
    """Load all models; takes seconds, call it off the event loop.

    Raises: ConfigurationError that says which model and why.
    """
    threads = settings.torch_threads or max(1, (os.cpu_count() or 2) - 1)
    torch.set_num_threads(threads)
    in_use = ModelsInUse(settings, versions)
    try:
        encoder = Encoder.load()
        needs = Needs(encoder)
        intent = in_use.load(Task.INTENT, lambda source: INTENT.load(source.directory, needs))
        sentiment = in_use.load(Task.SENTIMENT, lambda source: SENTIMENT.load(source.directory, needs))
        responder = in_use.load(Task.RESPONDER, lambda source: _load_responder(settings, source, threads))
    except (ModelFilesError, ModelLoadError) as error:
        raise ConfigurationError(str(error)) from error
    return Models(encoder, TextAnalyzer(encoder, intent, sentiment), responder, in_use.passed_over)


def _load_responder(settings: Settings, source: Source, threads: int) -> ResponderModel:
    directory = source.directory or STARTER_RESPONDER
    info, sentences = read_info(directory), Sentences.load(directory)
    engine = Engine.load(
        directory,
        EngineSettings(
            dtype=settings.responder_dtype,
            slots=settings.engine_slots,
            max_waiting=settings.engine_queue,
            max_tokens=settings.max_reply_tokens,
            threads=threads,
            niceness=NICENESS,
        ),
    )
    return ResponderModel(
        engine=engine,
        name=SHIPPED if source.directory is None else directory.name,
        has_pointers=source.directory is None or source.pointers or info.pointers,
        max_tokens=settings.max_reply_tokens,
        sentences=sentences,
        languages=_languages(settings.responder_languages) or frozenset(info.languages),
    )


def _languages(named: str) -> frozenset[str]:
    return frozenset(filter(None, named.replace(" ", "").lower().split(",")))


def open_recommenders(core: Core) -> ShopRecommenders:
    """Return the recommenders of all shops."""
    folder = core.settings.var_dir / "models" / "recommenders"
    return ShopRecommenders(SqlInteractions(core.database), core.records, folder)


def open_knowledge(core: Core, encoder: Encoder) -> Knowledge:
    """Return the search of all shops."""
    vectors = core.settings.var_dir / "models" / f"vectors-{encoder.version}.safetensors"
    return Knowledge(core.records, encoder, vectors=vectors)


def build_worker(core: Core, parts: Parts, models: Models) -> Worker:
    """Wire the worker role."""
    settings, worker = core.settings, new_id()
    analyzer = BatchedAnalyzer(models.analyzer)
    recommenders = open_recommenders(core)
    engine = models.responder.engine
    knowledge = open_knowledge(core, models.encoder)
    pipeline = Pipeline(
        records=core.records,
        analyzer=analyzer,
        knowledge=knowledge,
        recommenders=recommenders,
        attempts=core.limiter,
        tokenizing=Tokenizing(engine.count_tokens, engine.window),
        languages=models.responder.languages,
    )
    validity = Validity(settings.reply_validity_s, time.monotonic)
    contexts = SqlReplyContexts(core.database)
    run_parts = RunParts(
        replies=parts.replies,
        contexts=contexts,
        pipeline=pipeline,
        model=models.responder,
        live=core.live,
        valid=validity,
        coalesce_ms=settings.coalesce_ms,
        pace=settings.reply_pace,
    )
    wakes = {lane.value: Wake() for lane in Lane}
    answers = AnswerLane(
        worker,
        run_parts,
        validity,
        wakes[Lane.ANSWER.value],
        slots=settings.engine_slots,
        poll_s=settings.job_poll_s,
    )
    files = SqlFiles(core.database)
    fetch = FetchFile(files, FetchedFiles(parts.changes, files), core.accounts, BY_KIND, core.http)
    reconciling = open_reconciling(core, parts)
    shopify = open_shopify(core, parts)
    handlers: dict[Lane, dict[str, Handler]] = {
        Lane.ANALYZE: {ANALYZE_KIND: AnalyzeMessage(parts.store, analyzer, parts.cases.desk)},
        Lane.ASSIST: {
            SUGGEST_KIND: SuggestAnswer(contexts, pipeline, models.responder, parts.publisher, SystemClock())
        },
        Lane.RECEIVE: {RECEIVE_KIND: _receiving(core, parts, shopify.records)},
        Lane.DELIVER: {
            DELIVER_KIND: DeliverMessages(parts.cases.deliver, core.http),
            CHECK_KIND: CheckDelivery(parts.cases.deliver, core.http),
            TYPING_KIND: ShowSign(parts.cases.deliver, core.http, SystemClock(), types=True),
            READ_KIND: ShowSign(parts.cases.deliver, core.http, SystemClock(), types=False),
            SWEEP_KIND: SweepDeliveries(parts.cases.deliver, SystemClock()),
        },
        Lane.SYNC: {
            HANDOFF_TIMEOUT_KIND: parts.cases.control.expire_handoff,
            FETCH_KIND: fetch,
            FETCH_GIVEN_UP_KIND: fetch.give_up,
            RECONCILE_KIND: reconciling.reconcile,
            RECONCILE_ALL_KIND: reconciling.fan_out,
            JOIN_KIND: Merging(SqlMerges(core.database), parts.changes, parts.store).join,
            SUBSCRIBE_KIND: shopify.subscriptions,
            SYNC_KIND: shopify.backfill,
            SYNC_DUE_KIND: shopify.due,
        },
        Lane.BATCH: {
            PRUNE_WEBHOOKS_KIND: PruneEvents(SqlWebhookLog(core.database), SystemClock(), keep_days=WEBHOOKS_KEEP_DAYS),
            PRUNE_NOTIFICATIONS_KIND: PruneEvents(
                SqlOldNotifications(core.database), SystemClock(), keep_days=NOTIFICATIONS_KEEP_DAYS
            ),
            PRUNE_FILES_KIND: PruneEvents(SqlFiles(core.database), SystemClock(), keep_days=UPLOADS_KEEP_DAYS),
            PRUNE_KIND: PruneEvents(SqlPruning(core.database), SystemClock(), keep_days=settings.events_keep_days),
        },
        Lane.TRAIN: {
            TRAIN_KIND: recommenders.train_all,
            EVALUATE_KIND: EvaluateVersions(core.model_versions, SqlModelEvaluations(core.database), evaluate_apart),
            MEASURE_KIND: MeasureModels(SqlModelLog(core.database), _versions(models), SystemClock()),
        },
    }
    lanes = [
        JobLane(
            lane, worker, parts.queue, of_lane, wakes[lane.value], slots=LANE_SLOTS[lane], poll_s=settings.job_poll_s
        )
        for lane, of_lane in handlers.items()
    ]

    async def warm() -> None:
        await _tell_passed_over(core, parts, models.passed_over)
        with suppress(StoppedError):
            for shop in await core.shops.all():
                await knowledge.warm(shop.id)
                await recommenders.warm(shop.id)

    nightly = Periodic(TRAIN_KIND, Lane.TRAIN, timedelta(days=1), timedelta(hours=3))
    sweep = Periodic(SWEEP_KIND, Lane.DELIVER, timedelta(minutes=1))
    prune = Periodic(PRUNE_KIND, Lane.BATCH, timedelta(days=1), timedelta(hours=4))
    prune_webhooks = Periodic(PRUNE_WEBHOOKS_KIND, Lane.BATCH, timedelta(days=1), timedelta(hours=5))
    measure = Periodic(MEASURE_KIND, Lane.TRAIN, timedelta(days=1), timedelta(hours=1))
    prune_files = Periodic(PRUNE_FILES_KIND, Lane.BATCH, timedelta(days=1), timedelta(hours=6))
    prune_told = Periodic(PRUNE_NOTIFICATIONS_KIND, Lane.BATCH, timedelta(days=1), timedelta(hours=7))
    reconcile = Periodic(RECONCILE_ALL_KIND, Lane.SYNC, timedelta(days=1), timedelta(hours=2))
    sync_due = Periodic(SYNC_DUE_KIND, Lane.SYNC, timedelta(minutes=10))
    always = [nightly, sweep, measure, sync_due, prune_webhooks, prune_files, prune_told, reconcile]
    periodics = [*always, *([prune] if settings.events_keep_days else [])]
    closing = (knowledge.aclose, recommenders.aclose)
    return Worker(core.bus, parts.queue, answers, lanes, wakes, periodics, warm, closing)


async def _tell_passed_over(core: Core, parts: Parts, passed_over: Sequence[PassedOver]) -> None:
    """Log what is not used, and ring; where several shops share the models they are the operator's, who has the log."""
    for one in passed_over:
        fields = {"task": one.version.task.value, "version": one.version.version, "instead": one.instead}
        log.error("model not used", action="model_not_used", reason=one.reason, **fields)
        shops = await core.shops.all()
        for shop in shops if core.settings.models_by_shops or len(shops) == 1 else ():
            async with parts.store.write() as tx:
                told = await tell_model_unused(tx, shop.id, one.version.id, SystemClock().now())
                await tx.commit()
            await parts.publisher.publish(told)


def _receiving(core: Core, parts: Parts, shopify: ShopifySync) -> Receiving:
    receiving = Receiving(parts.store, parts.changes, SystemClock())
    receipts = Receipts(parts.store, parts.changes, parts.cases.deliver, receiving, BY_KIND)
    receiving.handle({Receipt: receipts.receipt, Echo: receipts.echo, Record: shopify.record})
    return receiving


def _versions(models: Models) -> dict[str, str]:
    return {**models.analyzer.versions, "responder": models.responder.version}
