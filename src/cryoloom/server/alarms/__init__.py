"""Alarms: something is wrong with a session or a run, and people are told of it, on the page, by mail and webhooks."""

from cryoloom.server.alarms._book import AlarmBooks, AlarmNews, AlarmRecord
from cryoloom.server.alarms._channels import Channel, DeliveryError
from cryoloom.server.alarms._courier import Courier
from cryoloom.server.alarms._desk import AlarmDesk
from cryoloom.server.alarms._judging import TITLES, Exposure, Finding, SessionMeasures, judge_session
from cryoloom.server.alarms._limits import AlarmLimits
from cryoloom.server.alarms._mail import MailChannel
from cryoloom.server.alarms._standing import AlarmStanding, step
from cryoloom.server.alarms._watch import AlarmWatch
from cryoloom.server.alarms._webhook import LOOPBACK, WebhookChannel

__all__ = [
    "LOOPBACK",
    "TITLES",
    "AlarmBooks",
    "AlarmDesk",
    "AlarmLimits",
    "AlarmNews",
    "AlarmRecord",
    "AlarmStanding",
    "AlarmWatch",
    "Channel",
    "Courier",
    "DeliveryError",
    "Exposure",
    "Finding",
    "MailChannel",
    "SessionMeasures",
    "WebhookChannel",
    "judge_session",
    "step",
]
