"""All tables, by area; importing this package fills the metadata."""

from app.db.base import Base
from app.db.models.catalog import Article, Interaction, ModelMetric, Order, Product, Recommendation
from app.db.models.conversations import Conversation, Csat, Event, Feedback, Message, Note
from app.db.models.files import Attachment, AttachmentContent
from app.db.models.inbox import CustomerMerge, WebhookLog
from app.db.models.model_versions import ModelEvaluation, ModelVersion
from app.db.models.notifications import Notification
from app.db.models.people import ChannelAccount, ChannelIdentity, Customer
from app.db.models.privacy import PrivacyRequest
from app.db.models.replies import Delivery, Job, Response, Schedule
from app.db.models.shops import ApiKey, AuditEntry, BusinessHour, Label, Meta, Session, Shop, User
from app.db.models.sync import PendingInstall, SyncMark, SyncRun

__all__ = [
    "ApiKey",
    "Article",
    "Attachment",
    "AttachmentContent",
    "AuditEntry",
    "Base",
    "BusinessHour",
    "ChannelAccount",
    "ChannelIdentity",
    "Conversation",
    "Csat",
    "Customer",
    "CustomerMerge",
    "Delivery",
    "Event",
    "Feedback",
    "Interaction",
    "Job",
    "Label",
    "Message",
    "Meta",
    "ModelEvaluation",
    "ModelMetric",
    "ModelVersion",
    "Note",
    "Notification",
    "Order",
    "PendingInstall",
    "PrivacyRequest",
    "Product",
    "Recommendation",
    "Response",
    "Schedule",
    "Session",
    "Shop",
    "SyncMark",
    "SyncRun",
    "User",
    "WebhookLog",
]
