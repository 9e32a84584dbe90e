"""Pictures as bytes: opened safely, and made into what is stored. No web, no storage."""
