"""Many patients at once: cards over Arrow record batches, on this machine or on Apache Spark.

Both run `scoring.batch`, so that a cohort gets bit for bit what its patients get one by one. They
ask for extras: ``riskbridge[cohort]`` (Arrow) or ``riskbridge[spark]``.
"""
