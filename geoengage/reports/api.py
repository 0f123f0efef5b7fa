"""Placeholder until the routes are there."""

from fastapi import APIRouter

router = APIRouter()
