"""Events for other systems: endpoints that integrators register, signed deliveries, replay."""
