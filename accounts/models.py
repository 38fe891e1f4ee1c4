"""Who may reach what: users, workspaces, members, API keys."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from events.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Users by email address, case folded."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by email address; what they reach follows from their memberships."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False, help_text="May use the admin pages.")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_case_folded_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor(self) -> str:
        """How the record names this person."""
        return f"user:{self.pk}"

    def get_short_name(self) -> str:
        return self.name or self.email


class Workspace(models.Model):
    """A tenant: a company or a team. Everything else belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    automatic_sending = models.BooleanField(
        default=True, help_text="Off: nothing leaves without a person, in every inbox."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A user in a workspace, with a role, for all inboxes or for named ones."""

    class Role(models.TextChoices):
        VIEWER = "viewer"
        DRAFTER = "drafter"
        REVIEWER = "reviewer"
        MANAGER = "manager"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.REVIEWER)
    inbox_ids = ArrayField(
        models.UUIDField(), null=True, blank=True, help_text="Empty: all inboxes."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class ApiKey(models.Model):
    """A key of the agents' API. Only its SHA-256 is stored; the key itself is shown once."""

    class Kind(models.TextChoices):
        INSTALLATION = "tk"
        WORKSPACE = "wk"
        INBOX = "ak"

    class Permission(models.TextChoices):
        READ = "read"
        DRAFT = "draft"
        SEND = "send"
        MANAGE = "manage"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=2, choices=Kind)
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="keys")
    inbox_id = models.UUIDField(null=True, blank=True, db_index=True)
    name = models.CharField(max_length=120)
    permissions = ArrayField(models.CharField(max_length=10, choices=Permission))
    hint = models.CharField(max_length=16, editable=False, help_text="How the key begins.")
    digest = models.BinaryField(unique=True, editable=False)
    created_by = models.CharField(max_length=80, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="api_key_reach_fits_kind",
                condition=Q(kind="tk", workspace=None, inbox_id=None)
                | Q(kind="wk", workspace__isnull=False, inbox_id=None)
                | Q(kind="ak", workspace__isnull=False, inbox_id__isnull=False),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "created_at"], name="key_list")]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @property
    def actor(self) -> str:
        return f"key:{self.pk}"


class IdempotentCall(models.Model):
    """The first answer to a request that its caller named, for those who ask it again."""

    scope = models.CharField(max_length=60)  # "key:<uuid>", "inbox:<uuid>"
    name = models.CharField(max_length=256)
    digest = models.BinaryField()  # of the request
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()  # sealed: it may show a secret once
    expires_at = models.DateTimeField(null=True)  # null: kept for good
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "name"], name="idempotent_call_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="idempotent_call_age")]

    def __str__(self) -> str:
        return f"{self.scope} {self.name}"
