"""What recipients and their servers tell us."""

from tracking.hit_models import Hit as Hit
from tracking.hit_models import TrackedLink as TrackedLink
from tracking.hit_models import link_id_of as link_id_of
from tracking.hit_models import token_of as token_of
from tracking.report_models import Absence as Absence
from tracking.report_models import DeliveryReport as DeliveryReport
